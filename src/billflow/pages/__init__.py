"""What all pages for people have in common: templates, forms, sessions of browsers, and what a browser may load."""
