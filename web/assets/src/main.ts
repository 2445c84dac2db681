// Every page works without this script; it makes them live and quicker to use.
import "htmx.org";
import { keepTimes } from "./ago";
import { guardNames } from "./confirm";
import { enableCopying } from "./copy";
import { enableDrops } from "./drop";
import { watchForms } from "./busy";
import { tameLiveParts } from "./live";
import { LogViewer } from "./log/viewer";
import { closeMenus } from "./menu";
import { enablePalette } from "./palette";
import { enablePresets } from "./presets";
import { enableThemes } from "./theme";
import { fadeToasts } from "./toast";
import { enableVariables } from "./variables";

tameLiveParts();
keepTimes();
guardNames();
enableCopying();
enableDrops();
watchForms();
closeMenus();
enablePalette();
enablePresets();
enableThemes();
fadeToasts();
enableVariables();
// On a narrow screen the tab of this page may be out of sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
for (const log of document.querySelectorAll<HTMLElement>("[data-log]")) new LogViewer(log);
