export const where = import.meta.url.split('/').pop(); export default typeof require;
