import * as z from 'zod';

// The Content-Security-Policy allows no code that is made on the way. Imported before any schema is made.
z.config({ jitless: true });
