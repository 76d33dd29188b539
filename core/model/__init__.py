"""What a batch is made of: records and functions that touch neither a disk nor a clock."""
