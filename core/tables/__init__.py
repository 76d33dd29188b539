"""Tables as rows: the lines of a text file, CSV, JSON, JSON lines, XLSX, or typed text."""
