"""The Linux packages: a .deb for Debian and its relatives, and an archive that runs from any folder."""
