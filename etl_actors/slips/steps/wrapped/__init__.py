"""Steps that wrap a library which an extra installs: nothing of it is imported until a slip asks for the step."""
