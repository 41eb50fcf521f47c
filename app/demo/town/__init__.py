"""What the demo begins with: places and organisations, people who work, households, a third party."""
