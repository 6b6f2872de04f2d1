"""The register: reading, checking, versioning and editing okrs.yaml, and its working calendar."""
