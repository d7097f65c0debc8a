// Where we are.

/** The relay's address, with a slash at its end; the page is at `admin` below it. */
export const base = new URL(".", location.href);
