"""Takes a hand-in: intake, a sandboxed run, scoring apart from it, a rubric. Nothing else imports it."""
