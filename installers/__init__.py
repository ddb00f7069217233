"""What makes installers of the program: no part of the program itself."""
