"""A wind tunnel: labelled companies at work, with the truth of every person-day, through the product's own stages."""
