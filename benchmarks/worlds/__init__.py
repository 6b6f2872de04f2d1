"""The wind tunnel: labelled companies at work, with every person-day known, processed by the product's own stages."""
