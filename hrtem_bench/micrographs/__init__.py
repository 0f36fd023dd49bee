"""Files of other people's microscopes: read, segmented, scored."""
