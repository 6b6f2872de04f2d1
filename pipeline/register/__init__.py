"""The register: its document, its versions, its working days."""
