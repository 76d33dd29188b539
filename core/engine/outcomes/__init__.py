"""How prompts end, here and on other servers, and what that makes of their items."""
