"""The command line: one file a command. Heavy imports stand within the commands, so that ``--help`` is quick."""
