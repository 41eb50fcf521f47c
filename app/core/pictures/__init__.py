"""What pictures and recordings tell beside what they show, read and removed without decoding any."""
