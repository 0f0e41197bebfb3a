import { both } from './cycle_a.mjs'; export const b = 'b'; export { both };
