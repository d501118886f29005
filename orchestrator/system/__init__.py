"""This computer: files and folders, environment variables for programs, untrusted JSON."""
