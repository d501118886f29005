"""Many jobs at once: what each is asked to do, and how they are run side by side."""
