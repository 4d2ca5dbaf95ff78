"""What a model costs: its time, operations and memory, beside what the machine can do."""
