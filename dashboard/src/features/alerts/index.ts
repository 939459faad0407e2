export { AlertsPage } from "./components/AlertsPage";
