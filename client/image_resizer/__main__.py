"""`python -m image_resizer` is the command as well."""

from image_resizer.command import main

main()
