exports.start = module.parent.id;
