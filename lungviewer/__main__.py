"""`python -m lungviewer` is the command line."""

from lungviewer.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
