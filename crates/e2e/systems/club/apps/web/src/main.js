import { clubName } from "@club/shared";

document.querySelector("#app").textContent = clubName;
