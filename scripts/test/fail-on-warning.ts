/** Loaded into every test process: a warning of Node is a defect that speaks early. Experimental parts are chosen knowingly. */
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') throw warning;
});
