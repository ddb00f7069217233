"""`python -m lungviewer` is the command line."""

from lungviewer.cli.main import entry

if __name__ == "__main__":
    entry()
