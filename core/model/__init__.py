"""The parts of a batch: records and pure functions, which touch neither disk nor clock."""
