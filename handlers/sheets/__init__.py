"""Cards on paper: a PDF to print on one side, cut and fold.

Nothing is imported here: `sheet` costs half a second and some megabytes, which only those pay who print.
"""
