"""What billflow computed beside what another system issued: paired, compared, and each difference explained."""
