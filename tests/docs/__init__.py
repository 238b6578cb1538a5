"""The documentation: its code can be typed, its site is whole in itself."""
