"""Who is who over the sources; forgetting; retention."""
