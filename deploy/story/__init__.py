"""The demonstration: one story told through the product's own services and doors (docs/story.md)."""
