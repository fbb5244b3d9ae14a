export { listTemplates } from './list-templates.js';
export { readTemplate } from './read-template.js';
