const api = import.meta.env.VITE_API_URL;
const title = import.meta.env.VITE_TITLE;

document.querySelector("#app").textContent = `${title}: ${api}`;
