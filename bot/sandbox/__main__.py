"""What a child is executed as; the module of its kind is named to it."""

import gc
import runpy
import sys

gc.disable()  # until everything is imported: see `serve`
runpy.run_module(sys.argv[1], run_name="__main__")
