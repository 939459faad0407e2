// Runs before the first paint, so that a chosen theme does not flash; src/lib/theme.ts owns the key.
try {
  const theme = localStorage.getItem("vedette.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the page follows the system's colours.
}
