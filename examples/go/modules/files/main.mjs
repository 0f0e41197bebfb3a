import { greet } from './greet.mjs';
import settings from './settings.json' with { type: 'json' };
import { version } from 'host';

export const greeting = greet(settings.name);
export const engine = version;

const { square } = await import('./square.mjs');
export const squared = square(settings.number);
export const url = import.meta.url;
