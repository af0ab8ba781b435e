"""Cards on paper: a PDF to print on one side, cut and fold. Drawn in a process of its own: see handlers.sandboxed."""
