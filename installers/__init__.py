"""What makes installers of the program: run as `python installers/build.py`, no part of the program itself."""
