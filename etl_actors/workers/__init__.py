"""Where parsing runs: in the parser actor's own thread, or in a process of its own, behind one small interface."""
