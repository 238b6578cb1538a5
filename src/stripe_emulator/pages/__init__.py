"""Small pages for people: what is stored, and where customers enter cards, authenticate and pay."""
