"""`python -m lungviewer` is the command line; the packaged program starts here too."""

import sys

if __name__ == "__main__":
    if getattr(sys, "frozen", False):
        # A packaged program has no Python beside it: its worker processes are itself, and begin here.
        import multiprocessing

        multiprocessing.freeze_support()
        from lungviewer.core.starter import forget_own_libraries

        forget_own_libraries()
    from lungviewer.cli.main import entry

    entry()
