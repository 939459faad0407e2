export { FleetPage } from "./components/FleetPage";
