import { b } from './cycle_b.mjs'; export const a = 'a'; export const both = () => a + b;
