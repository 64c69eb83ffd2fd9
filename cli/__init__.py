"""What a person touches: commands, reports, the phone page and the records."""
