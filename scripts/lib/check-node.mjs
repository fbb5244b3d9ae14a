// Imported before anything else, so that an old Node says what is wrong instead of failing on what it does not know.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node 20.19 or newer is needed to begin with, this is ${process.versions.node}: install a newer one from https://nodejs.org`);
  process.exit(1);
}
