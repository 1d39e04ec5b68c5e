"""What the dashboard is made of: what is asked (`asked`), its charts (`sections`, `cards`), sentences (`words`)."""
