"""From whole depth images to the places of hands: by two small networks, or by geometry alone."""
