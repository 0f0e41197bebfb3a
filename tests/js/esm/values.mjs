export const value = 1; export default function named() {} export let live = 0; export const bump = () => ++live;
