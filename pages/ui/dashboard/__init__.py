"""What the dashboard is made of: what is asked (`asked`), cards with a chart (`cards`), sentences (`words`), the map."""
