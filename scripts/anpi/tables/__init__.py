"""Reading, checking and writing tables; everything the other rooms stand on."""
